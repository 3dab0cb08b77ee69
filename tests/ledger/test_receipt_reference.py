"""The examples in docs/reference/receipts.md are real: they verify, and the code expands to the receipt."""

import re
from pathlib import Path

from ledger.policy import Policy
from ledger.receipt import verify_receipt
from ledger.receipt_code import decode_receipt_code, encode_receipt_code

PAGE = (Path(__file__).parents[2] / "docs" / "reference" / "receipts.md").read_text(encoding="utf-8")


def block(kind: str) -> str:
    """The content of the page's one fenced block of this kind."""
    (content,) = re.findall(rf"```{kind}\n(.*?)```\n", PAGE, re.DOTALL)
    return str(content)


def test_the_examples_of_the_reference_page_hold() -> None:
    policy = Policy.parse(block("policy").encode())
    receipt = block("receipt").encode()
    verified = verify_receipt(receipt, policy)
    assert (verified.leaf, verified.index, verified.checkpoint.tree_size) == (b"an entry of the log", 2, 5)
    assert [one.witness.name for one in verified.witnesses] == ["W1", "W2"]
    codes = block("code").splitlines()
    assert decode_receipt_code(codes, policy) == receipt
    assert list(encode_receipt_code(receipt, policy)) == codes
