// Stands for a personalisation tag: fills the shelf.
demo.turnOn('personalization');
