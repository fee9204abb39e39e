// Follows the visitor's choice on a page without a framework. Before the widget is there this is a list of callbacks, then the
// widget itself: the same line works for both.
(window.Consentry ||= []).push((consentry) => {
  const paint = (consent) => {
    document.querySelector('#state').textContent = consent.analytics ? 'on' : 'off';
  };
  consentry.on('ready', paint);
  consentry.on('change', paint);
});
