"""What the machine learned: a message → its scenario."""

from model.artifact import ModelError as ModelError
from model.classifier import ScenarioClassifier as ScenarioClassifier
from model.in_use import load_classifier as load_classifier
from model.in_use import model_in_use as model_in_use
from model.in_use import models_folder as models_folder
from model.prediction import Prediction as Prediction
from model.scenarios import FLAGS as FLAGS
from model.scenarios import SCENARIOS as SCENARIOS
from model.scenarios import declared_scenarios as declared_scenarios
