"""The registry behind ECR's repositories: the OCI distribution API under `/v2/`, its blobs as files in the directory.

Tags and manifests are ECR's own (moto's repositories); here are the way to them that container engines speak, and the
blobs, which are streamed. See https://github.com/opencontainers/distribution-spec/blob/main/spec.md.
"""
