variable "addr" {
  description = "Address of the parent cluster, for example parent.teleport.sh:443."
  type        = string

  validation {
    condition     = !can(regex("/", var.addr))
    error_message = "The address must be HOST or HOST:PORT, without a scheme and a path."
  }
}

variable "identity_file_path" {
  description = "Path of an identity file for the parent, whose role may manage cloud clusters and roles."
  type        = string
}

variable "name" {
  description = "Name of the cloud cluster. It becomes part of its domain and cannot be changed later."
  type        = string

  validation {
    condition     = can(regex("^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$", var.name))
    error_message = "The name must be a DNS label: 1 to 63 lower-case letters, digits and dashes, without a dash at either end."
  }
}

variable "auth_region" {
  description = "Region in which the cluster runs."
  type        = string
  default     = "us-west-2"
}

variable "bot_name" {
  description = "Name of the bot in the new cluster, and of its join token and its role."
  type        = string
  default     = "terraform"
}

variable "aws_account" {
  description = "AWS account from which the bot may join."
  type        = string

  validation {
    condition     = can(regex("^[0-9]{12}$", var.aws_account))
    error_message = "The AWS account must have 12 digits."
  }
}

variable "aws_arn" {
  description = "AWS identity with which the bot may join, as AWS STS reports it: an assumed role or an IAM user."
  type        = string

  validation {
    condition = can(regex(
      "^arn:aws[a-z-]*:(sts::[0-9]{12}:assumed-role/.+/.+|iam::[0-9]{12}:user/.+)$", var.aws_arn
    ))
    error_message = "The ARN must be arn:aws:sts::ACCOUNT:assumed-role/ROLE/SESSION (* and ? are wildcards) or arn:aws:iam::ACCOUNT:user/NAME. The ARN of an IAM role never matches."
  }
}

variable "user" {
  description = "Name of the first user in the new cluster."
  type        = string
  default     = "example"
}
