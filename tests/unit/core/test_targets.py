"""Where second records of tokens go."""

import pytest

from tests.support.samples.builders import CRM
from zoho_tokend.core.targets import Shape, parse_target


@pytest.mark.parametrize(
    ("text", "shape", "path"),
    [
        ("airflow-connection=connections/{connection}", Shape.AIRFLOW_CONNECTION, "connections/crm-prod"),
        ("airflow-variable=airflow/variables/{connection}", Shape.AIRFLOW_VARIABLE, "airflow/variables/crm-prod"),
        ("airflow-connection=connections/zoho-{connection}", Shape.AIRFLOW_CONNECTION, "connections/zoho-crm-prod"),
    ],
)
def test_a_target_is_a_shape_and_a_path_that_ends_in_the_connection(text: str, shape: Shape, path: str) -> None:
    target = parse_target(text)
    assert (target.shape, target.path_of(CRM), str(target)) == (shape, path, text)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "connections/{connection}",
        "airflow=connections/{connection}",
        "airflow-connection=",
        "airflow-connection=connections",
        "airflow-connection={connection}",
        "airflow-connection=/connections/{connection}",
        "airflow-connection=connections//{connection}",
        "airflow-connection=connections/../zoho/credentials/{connection}",
        "airflow-connection=connections/{connection}/http",
        "airflow-connection=connections/{connection}-http",
        "airflow-connection={connection}/{connection}",
        "airflow-connection=connections/{name}",
        "airflow-connection=connections/*",
        "airflow-connection=connections/{connection}\n",
        " airflow-connection=connections/{connection}",
    ],
)
def test_anything_else_is_none(text: str) -> None:
    with pytest.raises(ValueError, match="a publish target is a shape and a path"):
        parse_target(text)
