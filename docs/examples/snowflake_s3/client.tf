# One client's way in. Before the client has described its integration, the role trusts nobody but this account's root,
# which cannot use it without a policy of its own.

data "aws_caller_identity" "current" {}

locals {
  prefix        = "raw/snowflake/${var.organization_id}"
  is_introduced = var.snowflake_user_arn != null && var.snowflake_external_id != null
}

data "aws_iam_policy_document" "trust" {
  statement {
    actions = ["sts:AssumeRole"]
    principals {
      type = "AWS"
      identifiers = [
        local.is_introduced ? var.snowflake_user_arn : "arn:aws:iam::${data.aws_caller_identity.current.account_id}:root"
      ]
    }
    condition {
      test     = "StringEquals"
      variable = "sts:ExternalId"
      values   = [local.is_introduced ? var.snowflake_external_id : "nobody-yet"]
    }
  }
}

data "aws_iam_policy_document" "drop" {
  statement {
    sid       = "PutBelowTheOwnPrefix"
    actions   = ["s3:PutObject", "s3:AbortMultipartUpload"]
    resources = ["${aws_s3_bucket.lake.arn}/${local.prefix}/*"]
  }

  # what Sunledger has landed stands below the same prefix
  statement {
    sid       = "NeverWhatWasLanded"
    effect    = "Deny"
    actions   = ["s3:PutObject", "s3:DeleteObject", "s3:DeleteObjectVersion"]
    resources = ["${aws_s3_bucket.lake.arn}/${local.prefix}/*/landed/*"]
  }

  statement {
    sid       = "ListTheOwnPrefix"
    actions   = ["s3:ListBucket"]
    resources = [aws_s3_bucket.lake.arn]
    condition {
      test     = "StringLike"
      variable = "s3:prefix"
      values   = ["${local.prefix}/*"]
    }
  }

  statement {
    sid       = "FindTheBucket"
    actions   = ["s3:GetBucketLocation"]
    resources = [aws_s3_bucket.lake.arn]
  }

  dynamic "statement" {
    for_each = var.kms_key_arn == null ? [] : [var.kms_key_arn]
    content {
      sid       = "EncryptWhatIsPut"
      actions   = ["kms:GenerateDataKey", "kms:Decrypt"]
      resources = [statement.value]
    }
  }
}

resource "aws_iam_role" "snowflake" {
  name                 = "sunledger-snowflake-${var.organization_id}"
  description          = "Snowflake exports of organization ${var.organization_id} into ${var.bucket}."
  assume_role_policy   = data.aws_iam_policy_document.trust.json
  max_session_duration = 3600
}

resource "aws_iam_role_policy" "drop" {
  name   = "drop-exports"
  role   = aws_iam_role.snowflake.id
  policy = data.aws_iam_policy_document.drop.json
}

output "role_arn" {
  description = "STORAGE_AWS_ROLE_ARN of the client's storage integration."
  value       = aws_iam_role.snowflake.arn
}

output "location" {
  description = "STORAGE_ALLOWED_LOCATIONS of the integration and URL of the stage."
  value       = "s3://${var.bucket}/${local.prefix}/"
}
