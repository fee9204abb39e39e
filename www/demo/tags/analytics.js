// Stands for an analytics tag: counts the visits of this browser.
{
  const visits = Number(localStorage.getItem('halden.visits') ?? 0) + 1;
  localStorage.setItem('halden.visits', String(visits));
  document.querySelector('[data-visits]').textContent = String(visits);
  demo.turnOn('analytics');
}
