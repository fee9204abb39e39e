document.documentElement.dataset.analytics="on"; console.log("analytics ran")
