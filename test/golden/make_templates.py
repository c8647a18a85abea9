"""Writes templates.json: records through prompt templates as TRL tokenises prompt and completion, with the tokenizers of tokenizers/.

usage: python make_templates.py      (transformers 5.17.0, tokenizers 0.23)
"""
import json
import pathlib

from transformers import AutoTokenizer, PreTrainedTokenizerFast

HERE = pathlib.Path(__file__).parent
CONTEXT = "Below is an instruction that describes a task, paired with an input that provides further context. "
ALONE = "Below is an instruction that describes a task. "
WRITE = "Write a response that appropriately completes the request.\n\n"
TEMPLATES = [
    dict(format=CONTEXT + WRITE + "### Instruction:\n{instruction}\n\n### Input:\n{input}\n\n### Response:{output}",
         noInputFormat=ALONE + WRITE + "### Instruction:\n{instruction}\n\n### Response:{output}"),
    dict(format="<|im_start|>user\n{instruction}\n\n{input}<|im_end|>\n<|im_start|>assistant\n{output}<|im_end|>",
         noInputFormat="<|im_start|>user\n{instruction}<|im_end|>\n<|im_start|>assistant\n{output}<|im_end|>"),
    dict(format="Summarize the following text.\n\n### Text:\n{input}\n\n### Summary:\n{output}</s>"),
]
RECORDS = [dict(instruction="Name three colours", input="", output=" red, green, 42 blues"), dict(instruction="Ünï😀", input="a  b\nc", output="Ja.\n")]
golden = {}
for name in ("smollm2", "llama2", "llama3", "qwen2", "opt"):
    folder = HERE / "tokenizers" / name
    tokenizer = AutoTokenizer.from_pretrained(folder) if name == "opt" else PreTrainedTokenizerFast(tokenizer_file=str(folder / "tokenizer.json"))
    eos = tokenizer.convert_tokens_to_ids("</s>")
    golden[name] = []
    for template in TEMPLATES:
        rows = []
        for fields in RECORDS:
            text = template["format"] if fields["input"] else template.get("noInputFormat", template["format"])
            before, after = text.split("{output}")
            prompt = tokenizer(before.format(**fields))["input_ids"]
            ids = tokenizer(before.format(**fields) + fields["output"] + after)["input_ids"]
            assert ids[:len(prompt)] == prompt, (name, fields)
            if ids[-1] != eos:
                ids = ids + [eos]
            rows.append(dict(fields=fields, prompt=prompt, input_ids=ids, labels=[-100] * len(prompt) + ids[len(prompt):]))
        golden[name].append(dict(template=template, eos=eos, rows=rows))
(HERE / "templates.json").write_text(json.dumps(golden))
