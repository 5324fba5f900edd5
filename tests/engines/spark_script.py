"""Run by the Python that has pyspark: reads what is asked from standard input, writes the rows as JSON."""

import json
import sys

from pyspark.sql import SparkSession


def main() -> None:
    asked = json.load(sys.stdin)
    spark = (
        SparkSession.builder.master("local[2]")
        .config("spark.sql.session.timeZone", asked["zone"])
        .config("spark.ui.enabled", "false")
        .config("spark.ui.showConsoleProgress", "false")
        .config("spark.sql.shuffle.partitions", "4")
        .config("spark.driver.bindAddress", "127.0.0.1")
        .config("spark.driver.host", "127.0.0.1")
        .getOrCreate()
    )
    spark.sparkContext.setLogLevel("ERROR")
    spark.read.parquet(asked["dataset"]).createOrReplaceTempView("contact_log")
    answers = [[list(row) for row in spark.sql(statement).collect()] for statement in asked["statements"]]
    spark.stop()
    json.dump(answers, sys.stdout)


if __name__ == "__main__":
    main()
