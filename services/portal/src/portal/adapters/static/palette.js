// Ctrl K opens a field that leads to a page by the beginning of its name, or to a search. Without this script, the
// links and the search page do the same.
const dialog = document.getElementById("palette");
const field = dialog.querySelector("input");
const list = dialog.querySelector("ul");

for (const link of document.querySelectorAll(".sidebar nav a")) {
  const place = list.appendChild(document.createElement("li")).appendChild(document.createElement("a"));
  place.href = link.getAttribute("href");
  place.textContent = link.firstChild.textContent.trim();
}
const places = [...list.querySelectorAll("a")];

function meant() {
  const typed = field.value.trim().toLocaleLowerCase();
  return places.filter((place) => place.textContent.toLocaleLowerCase().startsWith(typed));
}

function narrow() {
  const found = meant();
  for (const place of places) place.parentElement.hidden = !found.includes(place);
}

addEventListener("keydown", (event) => {
  if (event.key !== "k" || !(event.ctrlKey || event.metaKey)) return;
  event.preventDefault();
  if (!dialog.open) dialog.showModal();
  field.select();
  narrow();
});
field.addEventListener("input", narrow);
dialog.querySelector("form").addEventListener("submit", (event) => {
  const [first] = meant();
  if (!first || !field.value.trim()) return;
  event.preventDefault();
  location.assign(first.href);
});
