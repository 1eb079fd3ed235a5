// Files that are dropped or chosen go one after the other, each with how far it has come and, where it was refused, with
// the service's words. Without it, the form sends them at once, and its page says the same.
const most = 10 << 20;

function text(element, words) {
  element.textContent = words;
  return element;
}

// The page that the form leads to is read as a document: of it the list of files is taken, or why they were refused.
function send(form, input, file, progress) {
  return new Promise((resolve) => {
    const data = new FormData();
    data.append(input.name, file);
    const request = new XMLHttpRequest();
    request.open("POST", form.action);
    request.responseType = "document";
    request.upload.addEventListener("progress", (event) => {
      if (event.lengthComputable) progress.value = event.loaded / event.total;
    });
    request.addEventListener("loadend", () => resolve(request));
    request.send(data);
  });
}

function refusal(answered) {
  const told = answered?.querySelectorAll(".refusal li, .refusal > p, .problem p") ?? [];
  return [...told].map((each) => each.textContent.trim()).join(" ");
}

function enhance(form) {
  const input = form.querySelector("input[type=file]");
  const lines = form.querySelector(".uploads");
  const status = form.querySelector("[role=status]");
  const { sending, done, large, broken } = lines.dataset;
  let waiting = Promise.resolve();

  function told(file, outcome) {
    const { line, progress } = file;
    progress.remove();
    line.append(text(document.createElement("span"), outcome));
    status.textContent = `${file.name}: ${outcome}`;
  }

  async function pass(file) {
    status.textContent = `${file.name}: ${sending}`;
    if (file.size > most) return told(file, large);
    const request = await send(form, input, file, file.progress);
    const answered = request.response;
    const list = answered?.querySelector("[data-files]");
    if (request.status !== 200) {
      file.line.classList.add("late");
      return told(file, refusal(answered) || broken);
    }
    // A session that has ended is led to the sign-in page.
    if (!list) return location.reload();
    document.querySelector("[data-files]").replaceWith(document.adoptNode(list));
    told(file, done);
  }

  function take(files) {
    for (const file of files) {
      file.line = lines.appendChild(text(document.createElement("li"), `${file.name} `));
      file.progress = file.line.appendChild(document.createElement("progress"));
      file.progress.value = 0;
      file.progress.setAttribute("aria-label", file.name);
      if (file.size > most) file.line.classList.add("late");
      waiting = waiting.then(() => pass(file));
    }
    input.value = "";
  }

  input.multiple = true;
  form.querySelector(".drop").hidden = false;
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    take([...input.files]);
  });
  form.addEventListener("dragover", (event) => {
    event.preventDefault();
    form.classList.add("over");
  });
  for (const ends of ["dragleave", "drop"]) form.addEventListener(ends, () => form.classList.remove("over"));
  form.addEventListener("drop", (event) => {
    event.preventDefault();
    take([...event.dataTransfer.files]);
  });
}

document.querySelectorAll("form[data-upload]").forEach(enhance);
