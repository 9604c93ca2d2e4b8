// The queue, while it is open: says that there is something new, and nothing more. What it is, the page itself tells once
// it is loaded again, when the reader says so: a list that moves under the finger gets the wrong child.

const bar = document.querySelector("[data-news]");
const events = new EventSource(`/desk/notices?since=${encodeURIComponent(bar.dataset.news)}`);
events.addEventListener("queue", () => {
  bar.hidden = false;
  events.close();
});
// A page that is left does not keep a connection of the few that a browser has for one site.
addEventListener("pagehide", () => events.close());
