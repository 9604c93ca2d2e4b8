// Makes a part of a page like a later rendering of it, touching only what differs: whoever reads there keeps their place, the focus,
// what they unfolded and how far they scrolled.

/** Makes `old` like `next`. A focus that its element takes along is given back; one whose element is gone goes to what stood around it. */
export function morph(old, next) {
  const held = document.activeElement;
  const around = old.contains(held) ? held.parentElement.closest("[tabindex]") : null;
  same(old, next);
  if (!around || document.activeElement === held) return;
  (held.isConnected ? held : around).focus({ preventScroll: true });
}

function same(old, next) {
  if (old.nodeType !== Node.ELEMENT_NODE) {
    if (old.data !== next.data) old.data = next.data;
    return;
  }
  for (const { name } of [...old.attributes]) if (!next.hasAttribute(name) && !theirs(old, name)) old.removeAttribute(name);
  for (const { name, value } of next.attributes) if (old.getAttribute(name) !== value && !theirs(old, name)) old.setAttribute(name, value);
  children(old, next);
}

// What the reader has unfolded stays so.
const theirs = (node, name) => name === "open" && node.nodeName === "DETAILS";

function children(old, next) {
  const named = new Map();
  for (const node of old.childNodes) if (name(node)) named.set(name(node), node);
  let at = old.firstChild;
  for (const wanted of [...next.childNodes]) {
    const own = name(wanted);
    const found = own ? named.get(own) : alike(at, wanted);
    named.delete(own);
    if (found === at && at) at = at.nextSibling;
    else if (found) old.insertBefore(found, at);
    else old.insertBefore(document.importNode(wanted, true), at);
    if (found) same(found, wanted);
  }
  while (at) {
    const gone = at;
    at = at.nextSibling;
    gone.remove();
  }
}

// What tells a child apart from its siblings: its id, or of a table's row the head.
const name = (node) => node.id || (node.nodeName === "TR" && node.querySelector(":scope > th[scope=row]")?.textContent) || null;

// The next child without a name that is of the same sort.
function alike(node, wanted) {
  while (node && (node.nodeName !== wanted.nodeName || name(node))) node = node.nextSibling;
  return node;
}
