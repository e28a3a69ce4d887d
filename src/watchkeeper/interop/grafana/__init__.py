"""Grafana: dashboards over our figures, and how they are provisioned."""
