"""The README of a project that was made from a template: seven steps, each a command that works as typed."""

from keepwell.cli.templates.template import Template
from keepwell.core.spec import ProjectSpec

_HEAD = """\
# {title}

{origin} {split}

Seven steps from the data to a model that is watched. Run them in this folder.

## 1. The data

```sh
keepwell plan
```

`keepwell.yaml` says where the rows are and {subject}. `plan` shows what would be
done, and why.

## 2. The model

```sh
keepwell run
```

Loads and checks the data, tries candidates within the budget, measures the best one on rows that no
choice ever saw, holds it against the gate, and makes it the champion.

## 3. The features

```sh
keepwell data show
keepwell data profile
```

What each column was taken for, with the reason, and its statistics. Change a type or leave a column out
in `keepwell.yaml`.

## 4. How good it is

```sh
keepwell models show
```

Every metric with its interval, and which columns matter. It was chosen by `{metric}`.

## 5. What was done

```sh
keepwell runs show latest
keepwell audit log --limit 10
```

The run with its parameters, data version and leaderboard; and every change of state, who and when.
"""

_REAL_TIME = """
## 6. Ask it

```sh
keepwell up
```

Leave it running: endpoint, console and the loop at http://127.0.0.1:4400. In a second terminal, one row:

```sh
curl -s localhost:4400/endpoints/{endpoint}/predict -H 'content-type: application/json' \\
  -d '{{"instances": [{row}]}}'
```

## 7. Watch it

`data/later.csv` holds rows that came later. {change} Send them{told}:

```sh
curl -s localhost:4400/endpoints/{endpoint}/predict -H 'content-type: text/csv' \\
  --data-binary @data/later.csv -o answers.csv
{feedback}keepwell monitor
keepwell incidents
```

If the world has changed, `monitor` says in which column and how far, and an incident opens with its
likely causes. {loop} The console shows it live.
"""

_BATCH = """
## 6. Score a batch

```sh
keepwell predict --job {job}
```

The job is declared in `keepwell.yaml`; while `keepwell up` runs it is started on its schedule. The
answers stand in `{output}`: each row with its prediction, probabilities, id and the version that
answered.

## 7. Watch it

The batch was `data/later.csv`: rows that came later. {change}

```sh
{feedback}keepwell up
```

Leave it running: it starts the job on its schedule and looks at what was predicted. {loop} The console
is at http://127.0.0.1:4400; in a second terminal:

```sh
keepwell monitor
keepwell incidents
```

`monitor` says which columns have moved, and how far.
"""


def readme(template: Template, spec: ProjectSpec, row: str) -> str:
    """Return the text; `row` is an instance as JSON."""
    later = _BATCH if template.mode == "batch" else _REAL_TIME
    job = spec.batch[0] if spec.batch else None
    text = (_HEAD + later).format(
        title=template.title,
        origin=template.origin,
        split=f"It is deployed {_MODES[template.mode]}.",
        metric=spec.train.metric,
        endpoint=spec.endpoint,
        row=row.replace("'", "'\\''"),
        change=template.change,
        subject=f"what is predicted: `{spec.data.target}`"
        if spec.data.target
        else "what is learnt",
        told=", and what became of them" if template.outcomes else "",
        feedback="keepwell feedback data/outcomes.csv\n" if template.outcomes else "",
        loop=_HEALS if template.outcomes else _TELLS,
        job=job.name if job else "",
        output=job.output if job else "",
    )
    return text + (f"\n## What else\n\n{template.notes}\n" if template.notes else "")


_HEALS = (
    "The loop retrains, proves the new version on the same rows and swaps it in, or says why not."
)
_TELLS = "Without outcomes the loop retrains from the source, once that holds something new."
_MODES = {
    "real-time": "behind an endpoint that is asked row by row (real-time)",
    "batch": "as a job that scores a file on a schedule (batch)",
}
