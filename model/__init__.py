from model.prediction import Prediction as Prediction
from model.scenarios import FLAGS as FLAGS
from model.scenarios import SCENARIOS as SCENARIOS
