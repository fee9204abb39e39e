// Stands for a tag of yours or of somebody else. It runs when its purpose is allowed, not before.
const [, visits = '0'] = document.cookie.match(/(?:^|; )visits=(\d+)/) ?? [];
document.cookie = `visits=${Number(visits) + 1}; path=/; SameSite=Lax`;
