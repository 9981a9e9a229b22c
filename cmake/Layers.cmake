# The architecture, in one table. A module may include only the headers of the
# modules in its USES row, and only a row that OWNS a third-party package may
# include that package's headers, never from a public header.
# HEADERS are the module's public headers in lib/include/packline/.
# lib/CMakeLists.txt builds the modules from this table, in this order;
# tests/arch/check_layers.py reads it and fails on an include that breaks it.

pkg_layer(base
  USES ""
  OWNS ""
  HEADERS "api auto err limits num buf arena map text node tree diag env")
pkg_layer(sandbox
  USES "base"
  OWNS ""
  HEADERS "sandbox")
pkg_layer(io
  USES "base"
  OWNS "threads"
  HEADERS "source sink relay outfile outdir path walk")
pkg_layer(digest
  USES "base io"
  OWNS "openssl threads"
  HEADERS "crypto digest hasher")
pkg_layer(archive
  USES "base io"
  OWNS "zlib"
  HEADERS "archive")
pkg_layer(json
  USES "base io"
  OWNS ""
  HEADERS "json")
pkg_layer(artifact
  USES "base io digest json"
  OWNS ""
  HEADERS "artifact resource")
pkg_layer(yaml
  USES "base io"
  OWNS "libyaml"
  HEADERS "yaml")
pkg_layer(pattern
  USES "base"
  OWNS "pcre2"
  HEADERS "pattern")
pkg_layer(schema
  USES "base io json yaml pattern"
  OWNS ""
  HEADERS "schema")
pkg_layer(ledger
  USES "base io digest json schema"
  OWNS ""
  HEADERS "job audit")
pkg_layer(query
  USES "base"
  OWNS ""
  HEADERS "query")
pkg_layer(sign
  USES "base io digest"
  OWNS "openssl"
  HEADERS "secret key cert cms document envelope aead kdf kek timestamp")
pkg_layer(zip
  USES "base io digest"
  OWNS "libdeflate"
  HEADERS "zip")
pkg_layer(manifest
  USES "base io digest json yaml pattern schema query"
  OWNS ""
  HEADERS "manifest lock compare listing")
pkg_layer(graph
  USES "base io json manifest"
  OWNS ""
  HEADERS "graph")
pkg_layer(snapshot
  USES "base io json manifest"
  OWNS ""
  HEADERS "snapshot")
pkg_layer(container
  USES "base io digest json schema sign zip"
  OWNS ""
  HEADERS "container container_write container_read")
pkg_layer(trust
  USES "base io digest json yaml schema sign container"
  OWNS ""
  HEADERS "trust device_config approval_policy state")
pkg_layer(verify
  USES "base io digest json schema ledger sign zip container trust"
  OWNS ""
  HEADERS "verify verify_log")
pkg_layer(seal
  USES "base io digest json yaml schema sign zip manifest container trust verify"
  OWNS ""
  HEADERS "seal")
pkg_layer(bundle
  USES "base io digest json artifact schema zip manifest container trust verify"
  OWNS ""
  HEADERS "plan plan_read bundle receipt cloudfoundry")
pkg_layer(batch
  USES "base io digest json yaml pattern schema sign zip container trust archive
  ledger"
  OWNS "threads"
  HEADERS "process batch batch_life batch_run batch_watch exchange")
pkg_layer(review
  USES "base io json sign container trust seal batch"
  OWNS "libqrencode"
  HEADERS "review")
pkg_layer(task
  USES "base io digest json schema sign container trust verify seal ledger"
  OWNS ""
  HEADERS "task")
pkg_layer(import
  USES "base io digest json schema manifest container bundle"
  OWNS "libcurl"
  HEADERS "import")
pkg_layer(cli
  USES "base io json"
  OWNS ""
  HEADERS "")
