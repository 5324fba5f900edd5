"""Where session metadata files go: a store for each kind of destination."""
