// Stands for a tag that collects training data.
demo.turnOn('model_training');
