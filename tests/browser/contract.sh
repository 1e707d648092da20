#!/bin/bash
# The API's description is valid OpenAPI, as a validator that is not ours says (openapi-schema-validator, by the published JSON schemas).
#   contract.sh
# Exit: 0 valid, 1 not, 77 node or npm is missing.
set -euo pipefail
cd "$(dirname "$0")"
for program in node npm; do
  command -v "$program" >/dev/null || { echo "contract: $program is not installed"; exit 77; }
done
if [ ! -d node_modules/@seriousme ]; then
  npm ci --no-audit --no-fund >/dev/null 2>&1 || { echo "contract: npm ci cannot fetch the validator"; exit 77; }
fi
said=$(node_modules/.bin/validate-api ../../schemas/openapi.yaml)
grep -q '"valid": true' <<<"$said" || { echo "contract: schemas/openapi.yaml: $said"; exit 1; }
echo "contract: schemas/openapi.yaml is valid OpenAPI $(sed -n 's/^openapi: //p' ../../schemas/openapi.yaml)"
