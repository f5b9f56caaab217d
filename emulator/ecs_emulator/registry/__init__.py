"""The registry behind ECR's repositories: the OCI distribution API under `/v2/`, its blobs as files in the directory.

Tags and manifests are ECR's own (moto's repositories). This package gives container engines access to them by their own
protocol, and keeps the blobs, which are streamed. See
https://github.com/opencontainers/distribution-spec/blob/main/spec.md.
"""
