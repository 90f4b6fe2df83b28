terraform {
  required_version = ">= 1.5"
  required_providers {
    aws = {
      source  = "hashicorp/aws"
      version = ">= 5.0"
    }
  }
}

variable "bucket" {
  description = "Name of the bucket that LAKE_URL names."
  type        = string
}

variable "organization_id" {
  description = "The client's organization number; `bin/sunledger sites list` shows it."
  type        = number
}

variable "snowflake_user_arn" {
  description = "STORAGE_AWS_IAM_USER_ARN from the client's DESCRIBE INTEGRATION; null in the first step."
  type        = string
  default     = null
}

variable "snowflake_external_id" {
  description = "STORAGE_AWS_EXTERNAL_ID from the client's DESCRIBE INTEGRATION; null in the first step."
  type        = string
  default     = null
  sensitive   = true
}

variable "kms_key_arn" {
  description = "Key that encrypts the bucket; null takes S3's own."
  type        = string
  default     = null
}
