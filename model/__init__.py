"""What the machine learned: a message → its scenario."""

from model.artifact import ModelError as ModelError
from model.classifier import ScenarioClassifier as ScenarioClassifier
from model.classifier import load_classifier as load_classifier
from model.prediction import Prediction as Prediction
from model.scenarios import FLAGS as FLAGS
from model.scenarios import SCENARIOS as SCENARIOS
