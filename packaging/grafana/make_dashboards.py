#!/usr/bin/env python3
"""Writes the dashboards of capmap for Grafana (9 or later) beside itself: nation, region, site, controller.

  make_dashboards.py [FOLDER]           writes them into FOLDER; without one, beside this file
  make_dashboards.py --queries          prints "file<TAB>panel<TAB>query" of each query in them

The dashboards are committed as they are written here; a test holds them to it, and asks each query of a real Prometheus.
"""
import json
import os
import sys

WHO = '{instance=~"$instance"}'
LIVENESS_COLOURS = {"fresh": "green", "stale": "yellow", "lost": "red", "resyncing": "blue"}


def target(expr, legend="", table=False):
    """One query. Of a table: the newest values, as columns."""
    query = {"datasource": {"type": "prometheus", "uid": "${datasource}"}, "editorMode": "code", "expr": expr, "legendFormat": legend or "__auto"}
    query.update({"instant": True, "range": False, "format": "table"} if table else {"instant": False, "range": True})
    return query


def panel(kind, title, targets, unit="short", width=12, height=8, **more):
    for number, query in enumerate(targets):
        query["refId"] = chr(ord("A") + number)
    made = {"type": kind, "title": title, "description": more.pop("description", ""), "targets": targets,
            "datasource": {"type": "prometheus", "uid": "${datasource}"}, "gridPos": {"w": width, "h": height},
            "fieldConfig": {"defaults": {"unit": unit}, "overrides": []}}
    made["fieldConfig"]["defaults"].update(more.pop("defaults", {}))
    made["fieldConfig"]["overrides"] = more.pop("overrides", [])
    made.update(more)
    return made


def steps(*pairs):
    """Colours from a value on; the first from below everything."""
    return {"mode": "absolute", "steps": [{"color": colour, "value": value} for colour, value in pairs]}


def stat(title, expr, unit="short", description="", thresholds=None):
    options = {"reduceOptions": {"calcs": ["lastNotNull"], "fields": "", "values": False}, "colorMode": "value" if thresholds else "none",
               "graphMode": "area", "textMode": "auto", "justifyMode": "auto", "orientation": "auto"}
    return panel("stat", title, [target(expr)], unit, 4, 4, description=description, options=options,
                 defaults={"thresholds": thresholds or steps(("text", None))})


def graph(title, queries, unit="short", width=12, stacked=False, description="", colours=None, share=False):
    """queries: (expression, legend)."""
    custom = {"drawStyle": "line", "lineWidth": 1, "fillOpacity": 30 if stacked else 8, "showPoints": "never", "spanNulls": False,
              "stacking": {"mode": "normal" if stacked else "none", "group": "A"}}
    overrides = [{"matcher": {"id": "byName", "options": name}, "properties": [{"id": "color", "value": {"mode": "fixed", "fixedColor": colour}}]}
                 for name, colour in (colours or {}).items()]
    defaults = {"custom": custom, "min": 0}
    if share:
        defaults["max"] = 1
    options = {"legend": {"displayMode": "table", "placement": "bottom", "calcs": ["lastNotNull"], "showLegend": True},
               "tooltip": {"mode": "multi", "sort": "desc"}}
    return panel("timeseries", title, [target(expr, legend) for expr, legend in queries], unit, width, 8, description=description,
                 options=options, defaults=defaults, overrides=overrides)


def bars(title, expr, legend, unit, width=12, description=""):
    options = {"reduceOptions": {"calcs": ["lastNotNull"], "fields": "", "values": False}, "orientation": "horizontal",
               "displayMode": "basic", "showUnfilled": True}
    return panel("bargauge", title, [target(expr, legend)], unit, width, 8, description=description, options=options, defaults={"min": 0})


def table(title, label, columns, width=24, height=9, description=""):
    """columns: (heading, expression, unit), joined by their one label."""
    rename = {label: label.capitalize()}
    overrides = []
    for number, (heading, _, unit) in enumerate(columns):
        rename["Value #" + chr(ord("A") + number)] = heading
        overrides.append({"matcher": {"id": "byName", "options": heading}, "properties": [{"id": "unit", "value": unit}]})
    changes = [{"id": "joinByField", "options": {"byField": label, "mode": "outer"}},
               {"id": "organize", "options": {"excludeByName": {name: True for name in ["Time"] + ["Time %d" % i for i in range(1, 12)]},
                                              "indexByName": {}, "renameByName": rename}}]
    return panel("table", title, [target(expr, table=True) for _, expr, _ in columns], width=width, height=height, description=description,
                 transformations=changes, overrides=overrides, options={"showHeader": True, "cellHeight": "sm", "footer": {"show": False}})


def row(title):
    return {"type": "row", "title": title, "collapsed": False, "panels": [], "gridPos": {"w": 24, "h": 1}}


def choice(name, query, label, everything=True, many=True):
    return {"name": name, "label": label, "type": "query", "datasource": {"type": "prometheus", "uid": "${datasource}"},
            "query": {"query": query, "refId": "PrometheusVariableQueryEditor-VariableQuery"}, "definition": query, "refresh": 2, "sort": 1,
            "includeAll": everything, "multi": many, "allValue": ".*" if everything else None, "hide": 0, "regex": "", "skipUrlSync": False,
            "options": [], "current": {"selected": True, "text": ["All"], "value": ["$__all"]} if everything else {}}


def dashboard(name, title, description, panels, choices):
    x = y = line = 0
    for number, made in enumerate(panels, 1):
        place = made["gridPos"]
        if x + place["w"] > 24:
            x, y, line = 0, y + line, 0
        place.update({"x": x, "y": y})
        x, line, made["id"] = x + place["w"], max(line, place["h"]), number
    source = {"name": "datasource", "label": "Data source", "type": "datasource", "query": "prometheus", "refresh": 1, "hide": 0, "regex": "",
              "multi": False, "includeAll": False, "skipUrlSync": False, "options": [], "current": {}}
    links = [{"type": "dashboards", "title": "capmap", "tags": ["capmap"], "asDropdown": True, "includeVars": True, "keepTime": True,
              "icon": "external link", "targetBlank": False, "tooltip": "", "url": ""}]
    return {"uid": "capmap-" + name, "title": title, "description": description, "tags": ["capmap"], "schemaVersion": 37, "version": 1,
            "editable": True, "graphTooltip": 1, "refresh": "30s", "timezone": "", "time": {"from": "now-6h", "to": "now"}, "timepicker": {},
            "fiscalYearStartMonth": 0, "liveNow": False, "weekStart": "", "style": "dark", "id": None, "links": links,
            "annotations": {"list": []}, "templating": {"list": [source] + choices}, "panels": panels}


def instance():
    return choice("instance", "label_values(capmap_build_info, instance)", "Controller")


def of_capacity(prefix, who):
    """Use over time, of all, a division or a site: the same families under another prefix."""
    return [
        graph("CPU", [("sum(%scpu_busy_cores%s)" % (prefix, who), "busy"), ("sum(%scpu_free_cores%s)" % (prefix, who), "free")], stacked=True,
              description="Processing units of available nodes that told."),
        graph("Memory", [("sum(%smemory_used_bytes%s)" % (prefix, who), "used"), ("sum(%smemory_free_bytes%s)" % (prefix, who), "free")],
              "bytes", stacked=True, description="Of available nodes that told."),
        graph("Accelerators", [("sum(%saccelerators_used%s)" % (prefix, who), "used"), ("sum(%saccelerators_free%s)" % (prefix, who), "free"),
                               ("sum(%saccelerators_use_unknown%s)" % (prefix, who), "use unknown")], stacked=True,
              description="Of available nodes."),
        graph("Storage", [("sum(%sstorage_used_bytes%s)" % (prefix, who), "used"), ("sum(%sstorage_free_bytes%s)" % (prefix, who), "free")],
              "decbytes", stacked=True, description="Of available nodes that told."),
        graph("Nodes by liveness", [("sum by (liveness) (%snodes%s)" % (prefix, who), "{{liveness}}")], stacked=True, colours=LIVENESS_COLOURS),
        graph("Not told", [("sum(%scpu_use_unknown_nodes%s)" % (prefix, who), "CPU use, nodes"),
                           ("sum(%smemory_use_unknown_nodes%s)" % (prefix, who), "memory use, nodes"),
                           ("sum(%sstorage_use_unknown_nodes%s)" % (prefix, who), "use of storage, nodes"),
                           ("sum(%spower_unknown_nodes%s)" % (prefix, who), "power, nodes")],
              description="What is unknown is in none of the sums above, and never 0."),
    ]


def headline(prefix, who):
    return [
        stat("Installed nodes", "sum(%sinstalled_nodes%s)" % (prefix, who)),
        stat("Fresh", 'sum(%snodes{liveness="fresh",%s) / (sum(%sinstalled_nodes%s) > 0)' % (prefix, who[1:], prefix, who), "percentunit",
             thresholds=steps(("red", None), ("yellow", 0.9), ("green", 0.98))),
        stat("CPU cores", "sum(%sinstalled_cpu_cores%s)" % (prefix, who)),
        stat("Memory", "sum(%sinstalled_memory_bytes%s)" % (prefix, who), "bytes"),
        stat("Storage", "sum(%sinstalled_storage_bytes%s)" % (prefix, who), "decbytes"),
        stat("Power", "sum(%spower_watts%s)" % (prefix, who), "watt", "Of available nodes that can measure it."),
        stat("Accelerators", "sum(%sinstalled_accelerators%s)" % (prefix, who)),
        stat("Accelerators free", "sum(%saccelerators_free%s)" % (prefix, who)),
        stat("Accelerators in use", "sum(%saccelerators_used%s) / (sum(%saccelerators_used%s) + sum(%saccelerators_free%s) > 0)" %
             (prefix, who, prefix, who, prefix, who), "percentunit"),
    ]


def models(prefix, who):
    return table("Accelerators by model", "model",
                 [(heading, "sum by (model) (%s%s_accelerators%s)" % (prefix, heading, who), "short")
                  for heading in ("installed", "healthy", "available", "used", "free")],
                 description="Used and free: of available nodes whose accelerators are of one model.")


def peaks(prefix, who):
    note = "Nominal dense peak of what is rated, FLOP/s or OP/s; precisions do not add up."
    return [bars("Installed peak by precision", "sum by (precision) (%sinstalled_peak_flops%s)" % (prefix, who), "{{precision}}", "flops", description=note),
            bars("Available peak by precision", "sum by (precision) (%savailable_peak_flops%s)" % (prefix, who), "{{precision}}", "flops", description=note)]


def nation():
    regions = [("installed nodes", "sum by (region) (capmap_region_installed_nodes%s)" % WHO, "short"),
               ("fresh", 'sum by (region) (capmap_region_nodes{liveness="fresh",%s)' % WHO[1:], "short"),
               ("cores", "sum by (region) (capmap_region_installed_cpu_cores%s)" % WHO, "short"),
               ("memory", "sum by (region) (capmap_region_installed_memory_bytes%s)" % WHO, "bytes"),
               ("accelerators", "sum by (region) (capmap_region_installed_accelerators%s)" % WHO, "short"),
               ("accelerators free", "sum by (region) (capmap_region_accelerators_free%s)" % WHO, "short"),
               ("power", "sum by (region) (capmap_region_power_watts%s)" % WHO, "watt")]
    panels = headline("capmap_", WHO) + [
        stat("Sites", "sum(capmap_sites%s)" % WHO),
        stat("Sites lost", "sum(capmap_dark_sites%s)" % WHO, thresholds=steps(("green", None), ("red", 1)),
             description="All of whose nodes are lost, those in maintenance left out."),
        stat("Contradicted nodes", "sum(capmap_contradicted_counted_nodes%s)" % WHO, thresholds=steps(("green", None), ("yellow", 1)),
             description="Nodes that cannot be what they say and stand in totals.")]
    panels += peaks("capmap_", WHO) + [row("Divisions"), table("Divisions", "region", regions), row("Use")] + of_capacity("capmap_", WHO)
    panels += [row("Accelerators"), models("capmap_", WHO),
               graph("In no peak", [("sum(capmap_unrated_accelerators%s)" % WHO, "accelerators"), ("sum(capmap_unrated_cpu_packages%s)" % WHO, "CPU packages")],
                     description="Without a nominal peak: in no sum of FLOP/s."),
               graph("Use of accelerators by division", [('region:capmap_accelerators_used:ratio%s' % WHO, "{{region}}")], "percentunit", share=True)]
    return dashboard("nation", "capmap: nation", "What there is, where, how much of it is free, and how sure that is.", panels, [instance()])


def region():
    who = '{region=~"$region",%s' % WHO[1:]
    sites = [("installed nodes", "sum by (site) (capmap_site_installed_nodes%s)" % who, "short"),
             ("fresh", 'sum by (site) (capmap_site_nodes{liveness="fresh",%s)' % who[1:], "short"),
             ("lost", "sum by (site) (capmap_site_dark%s)" % who, "bool_yes_no"),
             ("cores", "sum by (site) (capmap_site_installed_cpu_cores%s)" % who, "short"),
             ("accelerators", "sum by (site) (capmap_site_installed_accelerators%s)" % who, "short"),
             ("accelerators free", "sum by (site) (capmap_site_accelerators_free%s)" % who, "short")]
    panels = headline("capmap_region_", who) + [
        stat("Oldest report", "max(capmap_region_report_age_max_seconds%s)" % who, "s")]
    panels += peaks("capmap_region_", who) + [row("Sites"), table("Sites", "site", sites, description="The first 256 by name."), row("Use")]
    panels += of_capacity("capmap_region_", who) + [row("Accelerators"), models("capmap_region_", who),
                                                     graph("Storage by media", [("sum by (media) (capmap_region_installed_storage_bytes%s)" % who, "{{media}}")],
                                                           "decbytes", stacked=True),
                                                     graph("Network", [("sum(capmap_region_network_receive_bytes_per_second%s)" % who, "received"),
                                                                       ("sum(capmap_region_network_transmit_bytes_per_second%s)" % who, "sent")], "Bps")]
    return dashboard("region", "capmap: division", "One division of the country, or several.", panels,
                     [instance(), choice("region", "label_values(capmap_region_info, region)", "Division")])


def site():
    who = '{site=~"$site",%s' % WHO[1:]
    panels = headline("capmap_site_", who) + [
        stat("Lost", "max(capmap_site_dark%s)" % who, "bool_yes_no", thresholds=steps(("green", None), ("red", 1))),
        stat("Use of CPU", "avg(site:capmap_cpu_busy:ratio%s)" % who, "percentunit")]
    panels += of_capacity("capmap_site_", who) + [
        graph("Power", [("sum by (site) (capmap_site_power_watts%s)" % who, "{{site}}")], "watt", stacked=True),
        graph("Use of accelerators", [("site:capmap_accelerators_used:ratio%s" % who, "{{site}}")], "percentunit", share=True)]
    return dashboard("site", "capmap: site", "One site, or several; the first 256 by name have figures of their own.", panels,
                     [instance(), choice("site", "label_values(capmap_site_installed_nodes, site)", "Site")])


def controller():
    rate = "[$__rate_interval]"
    who = WHO + rate
    panels = [
        stat("Ready", "min(capmap_ready%s)" % WHO, "bool_yes_no", thresholds=steps(("red", None), ("green", 1))),
        stat("Store failing", "max(capmap_store_failing%s)" % WHO, "bool_yes_no", thresholds=steps(("green", None), ("red", 1))),
        stat("Connections", "sum(capmap_connections%s)" % WHO),
        stat("Known nodes", "sum(capmap_known_nodes%s)" % WHO),
        stat("Interval of nodes", "max(capmap_map_interval_seconds%s)" % WHO, "s"),
        stat("Age of the server's key", "max(time() - capmap_server_key_since_timestamp_seconds%s)" % WHO, "s"),
        graph("Messages taken", [("sum by (kind) (rate(capmap_ingest_messages_total%s))" % who, "{{kind}}")], "cps"),
        graph("Messages refused", [("sum by (reason) (rate(capmap_ingest_refused_total%s))" % who, "ingest: {{reason}}"),
                                   ("sum by (reason) (rate(capmap_map_refused_total%s))" % who, "map: {{reason}}")], "cps"),
        graph("Map", [("capmap_map_behind_seconds%s" % WHO, "behind"), ("capmap_view_age_seconds%s" % WHO, "age of the view")], "s"),
        graph("Cells, shapes", [("capmap_view_cells%s" % WHO, "cells"), ("capmap_map_shapes%s" % WHO, "shapes"),
                                ("capmap_map_hardware_rows%s" % WHO, "hardware rows")]),
        graph("HTTP requests by code", [("sum by (code) (rate(capmap_http_requests_total%s))" % who, "{{code}}")], "reqps"),
        graph("HTTP", [("capmap_http_open_connections%s" % WHO, "connections"), ("capmap_http_waiting_requests%s" % WHO, "requests that wait")]),
        graph("Connections let in", [("sum by (answer) (rate(capmap_zap_requests_total%s))" % who, "{{answer}}")], "cps"),
        graph("Joins", [("sum by (answer) (rate(capmap_enrol_joins_total%s))" % who, "{{answer}}")], "cps"),
        graph("Store", [("rate(capmap_store_commits_total%s)" % who, "commits"), ("rate(capmap_store_notes_total%s)" % who, "notes"),
                        ("rate(capmap_store_failed_puts_total%s)" % who, "failed")], "cps"),
        graph("Room on the state disk", [("capmap_state_disk_free_bytes%s" % WHO, "free"), ("capmap_state_disk_size_bytes%s" % WHO, "size")], "bytes"),
        graph("History", [("rate(capmap_history_changed_cells_total%s)" % who, "changed cells"), ("rate(capmap_history_events_total%s)" % who, "events"),
                          ("capmap_history_failing%s" % WHO, "failing")]),
        graph("Alerts and webhook", [("sum by (kind) (increase(capmap_alerts_total%s))" % who, "{{kind}}"), ("capmap_webhook_waiting%s" % WHO, "waiting for the webhook")]),
        graph("CPU", [('rate(process_cpu_seconds_total{job="capmap",%s%s)' % (WHO[1:], rate), "{{instance}}")], description="Cores of the controller's process."),
        graph("Memory", [('process_resident_memory_bytes{job="capmap",%s' % WHO[1:], "{{instance}}")], "bytes"),
        graph("Descriptors", [('process_open_fds{job="capmap",%s' % WHO[1:], "open"), ('process_max_fds{job="capmap",%s' % WHO[1:], "at most")]),
        graph("Doubt", [("sum by (reason) (capmap_contradicted_nodes%s)" % WHO, "{{reason}}"), ("capmap_clones%s" % WHO, "clones"),
                        ("capmap_suspected_double_nodes%s" % WHO, "suspected doubles")]),
    ]
    return dashboard("controller", "capmap: controller", "How the controller itself fares.", panels, [instance()])


def main():
    made = {"nation": nation(), "region": region(), "site": site(), "controller": controller()}
    if sys.argv[1:] == ["--queries"]:
        for name, board in made.items():
            for one in board["panels"]:
                for query in one.get("targets", []):
                    print("%s.json\t%s\t%s" % (name, one["title"], query["expr"]))
        return
    folder = sys.argv[1] if len(sys.argv) > 1 else os.path.dirname(os.path.abspath(__file__))
    for name, board in made.items():
        with open(os.path.join(folder, name + ".json"), "w", encoding="utf-8") as file:
            json.dump(board, file, indent=1, ensure_ascii=False)
            file.write("\n")


main()
