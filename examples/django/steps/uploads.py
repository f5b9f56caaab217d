"""The bucket for photos, made through the Cloud Control API, and what the web server may do with it."""

from provisioner import CloudControl, Stack, step


@step
def uploads(stack: Stack) -> None:
    """Declare the bucket: nothing in it is public, and what it has outlives a version of the shop."""
    name = f"{stack.name}-{stack.facts.account}-uploads"
    bucket = stack.ensure(
        CloudControl(
            "uploads",
            "AWS::S3::Bucket",
            {
                "BucketName": name,
                "PublicAccessBlockConfiguration": {
                    "BlockPublicAcls": True,
                    "BlockPublicPolicy": True,
                    "IgnorePublicAcls": True,
                    "RestrictPublicBuckets": True,
                },
            },
        )
    )
    stack.environment("web", UPLOADS_BUCKET=bucket.id)
    stack.allow("web", "s3:PutObject", "s3:GetObject", on=f"arn:{stack.facts.partition}:s3:::{name}/*")
