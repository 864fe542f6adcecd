/** The element with this id. */
export const $ = (id) => document.getElementById(id);

/** An element with properties and children; text is always text. */
export function element(tag, properties = {}, ...children) {
  const made = Object.assign(document.createElement(tag), properties);
  made.append(...children);
  return made;
}

const SVG = 'http://www.w3.org/2000/svg';

/** An SVG element with attributes. */
export function shape(tag, attributes) {
  const made = document.createElementNS(SVG, tag);
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
  return made;
}

/** Shows one stage of the page and hides the others. */
export function show(stage) {
  for (const section of document.querySelectorAll('.stage')) section.hidden = section.id !== stage;
}

/** Tells what is going on; `busy` turns a wheel beside it. */
export function tell(text, busy = false) {
  $('status').textContent = text;
  $('status').classList.toggle('busy', busy);
}

/** Tells what went wrong, or nothing any more. */
export function alarm(error) {
  const box = $('alert');
  box.hidden = !error;
  box.textContent = error ? `${error.message}${error.code ? ` (${error.code})` : ''}` : '';
  if (error) tell('');
}
