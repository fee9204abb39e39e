// Stands for an assistant's tag: opens the chat.
demo.turnOn('inference');
