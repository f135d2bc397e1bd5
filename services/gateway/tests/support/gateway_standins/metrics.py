"""The metrics store, which holds one series. A query with a parenthesis is one that can't be answered."""

from typing import Any

import zstandard

from monitors_contracts import metrics
from monitors_contracts.base import Id
from monitors_runtime.errors import problem
from monitors_runtime.runtime import Service


class Metrics:
    """Remembers what it was `asked`; the organizations that are `unmeasured` have no metric."""

    def __init__(self, service: Service) -> None:
        self.asked: list[Any] = []
        self.unmeasured: set[Id] = set()
        service.answer(metrics.QueryMetrics, self.query_metrics)
        service.answer(metrics.QueryProm, self.query_prom)
        service.answer(metrics.ListSeries, self.list_series)
        service.answer(metrics.ListLabels, self.list_labels)
        service.answer(metrics.DescribeMetrics, self.describe_metrics)
        service.answer(metrics.GetSeriesUsage, self.series_usage)

    async def query_metrics(self, request: metrics.QueryMetrics) -> metrics.MetricGraph:
        self._note(request, request.selector)
        line = metrics.MetricLine(name="up", labels={"job": "api"}, values=[1.5, None])
        return metrics.MetricGraph(
            step_seconds=request.step_seconds, resolution="raw", times=[0, 60_000], series=[line]
        )

    async def query_prom(self, request: metrics.QueryProm) -> metrics.PromResult:
        self._note(request, request.query)
        if request.until is None:
            return metrics.PromResult(data=zstandard.compress(b'{"resultType":"scalar","result":[0,"2"]}'))
        result = b'[{"metric":{"__name__":"up","job":"api"},"values":[[%d,"1"],[%d,"2.5"]]}]'
        ends = (request.since.timestamp(), request.until.timestamp())
        return metrics.PromResult(data=zstandard.compress(b'{"resultType":"matrix","result":' + result % ends + b"}"))

    async def list_series(self, request: metrics.ListSeries) -> metrics.SeriesList:
        self._note(request, request.selectors[0])
        return metrics.SeriesList(series=[metrics.SeriesView(name="up", labels={"job": "api"})])

    async def list_labels(self, request: metrics.ListLabels) -> metrics.Names:
        self._note(request)
        if request.organization_id in self.unmeasured:
            return metrics.Names(names=[])
        return metrics.Names(names=["api"] if request.label else ["__name__", "job"])

    async def describe_metrics(self, request: metrics.DescribeMetrics) -> metrics.DescriptionList:
        self._note(request)
        return metrics.DescriptionList(
            metrics={"up": metrics.MetricDescription(type="gauge", help="Whether it is up.")}
        )

    async def series_usage(self, request: metrics.GetSeriesUsage) -> metrics.SeriesUsage:
        self._note(request)
        return metrics.SeriesUsage(used=1, limit=10, refused_samples={"too-old": 3})

    def _note(self, request: Any, text: str = "") -> None:
        self.asked.append(request)
        if "(" in text:
            raise problem("invalid-query", "The query can't be answered", 422, "parse error: unclosed")
