// What the API answers, as far as the console reads it (schemas/openapi.yaml has all of it). Sums of bytes and peaks are texts of digits.

export type Decimal = string | null;

export interface Rates {
  [precision: string]: Decimal;
}
export interface Group {
  key: Record<string, string | null>;
  nodes?: { installed: number; healthy: number; available: number; fresh: number; stale: number; lost: number; resyncing: number };
  cpu?: {
    packages: number;
    cores: number;
    pus: number;
    busy_millicores: number | null;
    free_millicores: number | null;
    use_unknown_nodes: number;
  };
  memory?: { installed_bytes: string; used_bytes: Decimal; free_bytes: Decimal; use_unknown_nodes: number; unknown_nodes: number };
  accelerators?: {
    installed: number;
    used: number | null;
    free: number | null;
    use_unknown: number;
    available?: number;
    by_model: Record<string, { installed: number; used?: number; free?: number }>;
  };
  storage?: {
    installed_bytes: string;
    advanced_permille: number | null;
    used_bytes: Decimal;
    free_bytes: Decimal;
    use_unknown_nodes: number;
  };
  power?: { watts: number | null; unknown_nodes: number };
  peak?: {
    cpu: Rates;
    accelerators: Rates;
    available?: { cpu: Rates; accelerators: Rates };
    accelerators_missing: Record<string, number>;
    unrated: { cpu_packages: number; accelerators: number; nodes: number };
  };
  largest_free?: { cores: number; memory_gib: number; accelerators: number };
  age_ms?: { mean: number; max: number } | null;
  stale_permille?: number;
  unknown_permille?: number;
  unrated_permille?: number;
  declared?: Declared | null;
}
export interface DeclaredSum {
  declared: number | string;
  installed: number | string | null;
  difference: number | string | null;
  sites_beyond: number;
  sites_not_declared: number;
}
export interface Declared {
  sites: number;
  accelerators_by_model?: Record<string, DeclaredSum>;
  [figure: string]: DeclaredSum | Record<string, DeclaredSum> | number | null | undefined;
}

/// What each answer about the map says of its moment.
export interface Moment {
  at: string;
  age_ms: number;
  catalog: string;
  resyncing: { heard: number; known: number } | null;
}
export interface MapAnswer extends Moment {
  groups: Group[];
  group_count: number;
  next: string | null;
  total: Group;
  hole?: boolean;
  as_of?: string;
  scope?: string;
  contradicted: { policy: string; counted: { nodes: number }; left_out: { nodes: number } } | null;
  doubles: { suspected_nodes: number; left_out_nodes: number } | null;
}

export interface Region {
  code: string;
  name: string | null;
  name_en: string | null;
  hub: string | null;
  tile: { column: number; row: number } | null;
  sites: number;
}
export interface Regions {
  regions: Region[];
}
export interface Site {
  id: string;
  name: string;
  region: string | null;
  latitude: number | null;
  longitude: number | null;
}

export interface HistoryFigure {
  mean: (number | string | null)[];
  min: (number | string | null)[];
  max: (number | string | null)[];
}
export interface History {
  from: string;
  grain: string;
  step_ms: number;
  steps: number;
  sampled_by: string;
  why_coarser: string | null;
  samples: number[];
  groups: { key: Record<string, string | null>; figures: Record<string, HistoryFigure> }[];
}

export interface Place {
  id: string;
  name: string | null;
  region: string | null;
}
export interface NodeRow {
  id: string;
  hostname: string | null;
  site: Place | null;
  liveness: string;
  service_state: string;
  verdict: string;
  age_ms: number | null;
  cpu_model: string | null;
  cores: number | null;
  memory_bytes: number | null;
  accelerators: number | null;
  cpu_busy_millicores: number | null;
  pus: number | null;
  memory_used_mib: number | null;
  problems: number;
}
