"""Numbers that the business goes by, asked of predictions and outcomes in SQL.

    measure_kpi(KpiSpec(name="saved", sql="select sum(…) from predictions join outcomes …", target=100.0),
                log.of_period("churn", since, until), …)

Whoever writes one sees the predictions of a period and the outcomes that belong to them, and nothing else.
"""

from keepwell.monitoring.kpis.measuring import Kpi, KpiPoint, ask, reached, verdict

__all__ = ["Kpi", "KpiPoint", "ask", "reached", "verdict"]
