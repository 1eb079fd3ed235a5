// Says how much is selected and what it amounts to, and selects all at once. Without it, the next page says so.
const form = document.getElementById("selection");
const boxes = [...form.querySelectorAll("input[name=chosen]")];
const all = document.getElementById("select-all");
const selected = document.getElementById("selected");
const money = new Intl.NumberFormat(document.documentElement.lang, {
  style: "currency", currency: "EUR", useGrouping: "always",
});

function count() {
  const chosen = boxes.filter((box) => box.checked);
  const cents = chosen.reduce((sum, box) => sum + Math.round(Number(box.dataset.amount || 0) * 100), 0);
  const { none, some } = selected.dataset;
  const text = chosen.length ? `${some} ${chosen.length}` : none;
  selected.textContent = chosen.some((box) => box.dataset.amount) ? `${text} · ${money.format(cents / 100)}` : text;
  const box = all.querySelector("input");
  box.checked = chosen.length === boxes.length;
  box.indeterminate = chosen.length > 0 && !box.checked;
}

all.hidden = false;
all.addEventListener("change", (event) => {
  for (const box of boxes) box.checked = event.target.checked;
  count();
});
form.addEventListener("change", count);
count();
