// Brings what carries `data-live` up to date when the server says that something changed. Everything works without it.
const topic = document.body.dataset.topic;
if (topic && 'EventSource' in window) {
  let busy = false;
  let again = false;
  const refresh = async () => {
    if (busy) {
      again = true;
      return;
    }
    busy = true;
    again = false;
    try {
      const answer = await fetch(location.href, { headers: { 'x-kaiku-live': '1' }, redirect: 'error' });
      if (answer.ok) {
        const fresh = new DOMParser().parseFromString(await answer.text(), 'text/html');
        for (const part of document.querySelectorAll('[data-live][id]')) {
          const next = fresh.getElementById(part.id);
          // whoever is typing or choosing in a part keeps it as it is
          const used =
            part.contains(document.activeElement) && document.activeElement.matches('input, select, textarea, summary');
          if (next && !used && next.innerHTML !== part.innerHTML) part.replaceChildren(...next.childNodes);
        }
      }
    } catch {
      // the next event tries again
    }
    setTimeout(() => {
      busy = false;
      if (again) refresh();
    }, 900);
  };
  new EventSource(`/live?topic=${encodeURIComponent(topic)}`).addEventListener('changed', refresh);
}
for (const form of document.querySelectorAll('form')) {
  // one click, one deed
  form.addEventListener('submit', () => {
    setTimeout(() => {
      for (const button of form.querySelectorAll('button')) button.disabled = true;
    });
  });
}
