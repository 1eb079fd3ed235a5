// A spreadsheet's column that is pasted into a price fills that price and those below it. Rows with several columns are
// put into the field below the prices and read by the server, which knows the items.
const form = document.getElementById("prices");
const prices = [...form.querySelectorAll("input[name^=price-]")];
const told = document.getElementById("filled");

form.addEventListener("paste", (event) => {
  const first = prices.indexOf(event.target);
  const text = event.clipboardData.getData("text/plain").replace(/\s+$/, "");
  if (first < 0 || !/[\n\t]/.test(text)) return;
  event.preventDefault();
  if (text.includes("\t")) {
    form.elements.pasted.value = text;
    form.requestSubmit(document.getElementById("read"));
    return;
  }
  const cells = text.split(/\r?\n/).map((cell) => cell.trim());
  if (!/\d/.test(cells[0])) cells.shift();
  const places = prices.slice(first, first + cells.length);
  places.forEach((price, place) => {
    if (cells[place]) price.value = cells[place];
  });
  const more = cells.length - places.length;
  told.textContent = `${told.dataset.filled} ${places.length}` + (more ? ` · ${told.dataset.more} ${more}` : "");
});
