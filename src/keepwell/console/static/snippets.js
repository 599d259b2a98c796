// The same request in other languages: plain functions of an address and a row, so that tests can run them.
((root) => {
  "use strict";

  const shell = (text) => `'${text.replaceAll("'", "'\\''")}'`;
  const name = (text) => JSON.stringify(text);

  // A literal of Python, of R: JSON but for what JSON calls true, false and null.
  function python(value) {
    if (value === true) return "True";
    if (value === false) return "False";
    if (value === null) return "None";
    if (typeof value !== "object") return JSON.stringify(value);
    return `{${Object.entries(value).map(([key, item]) => `${name(key)}: ${python(item)}`).join(", ")}}`;
  }
  function r(value) {
    if (value === true) return "TRUE";
    if (value === false) return "FALSE";
    if (value === null) return "NULL";
    if (typeof value !== "object") return JSON.stringify(value);
    const named = ([key, item]) => `${name(key)} = ${r(item)}`;
    return `list(${Object.entries(value).map(named).join(", ")})`;
  }

  // Where a token is required every snippet shows where it goes; the token itself stays on the page.
  const TOKEN = "YOUR_TOKEN";

  root.snippets = {
    curl: (url, row, secured) => `curl ${shell(url)} \\${secured ? `
  -H 'authorization: Bearer ${TOKEN}' \\` : ""}
  -H 'content-type: application/json' \\
  -d ${shell(JSON.stringify({ instances: [row] }))}`,

    python: (url, row, secured) => `import json
import urllib.request

rows = [${python(row)}]
request = urllib.request.Request(
    ${name(url)},
    json.dumps({"instances": rows}).encode(),
    {"content-type": "application/json"${secured ? `, "authorization": "Bearer ${TOKEN}"` : ""}},
)
with urllib.request.urlopen(request) as response:
    answer = json.load(response)
print(answer["predictions"], answer.get("probabilities"))`,

    javascript: (url, row, secured) => `const response = await fetch(${name(url)}, {
  method: "POST",
  headers: { "content-type": "application/json"${secured ? `, authorization: "Bearer ${TOKEN}"` : ""} },
  body: JSON.stringify({ instances: [${JSON.stringify(row)}] }),
});
const answer = await response.json();
console.log(answer.predictions, answer.probabilities);`,

    r: (url, row, secured) => `library(httr2)

rows <- list(${r(row)})
answer <- request(${name(url)}) |>${secured ? `
  req_headers(authorization = "Bearer ${TOKEN}") |>` : ""}
  req_body_json(list(instances = rows)) |>
  req_perform() |>
  resp_body_json()
print(answer$predictions[[1]])`,

    // An address that a spreadsheet can fetch: one row in, one row out.
    spreadsheet: (url, row) => {
      const query = Object.entries(row).map((pair) => pair.map(encodeURIComponent).join("="));
      return `${url}.csv?${query.join("&")}`;
    },
  };
})(globalThis);
