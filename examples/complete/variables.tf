variable "addr" {
  description = "Address of the parent cluster, for example parent.teleport.sh:443."
  type        = string

  validation {
    condition     = !can(regex("/", var.addr))
    error_message = "The address is HOST or HOST:PORT, without a scheme and without a path."
  }
}

variable "identity_file_path" {
  description = "Path of an identity file for the parent, whose role may manage workload clusters and roles."
  type        = string
}

variable "name" {
  description = "Name of the workload cluster. It becomes its domain and cannot be changed later."
  type        = string

  validation {
    condition     = can(regex("^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$", var.name))
    error_message = "The name is a DNS label: 1 to 63 lower-case letters, digits and dashes, no dash at either end."
  }
}

variable "regions" {
  description = "Regions that the cluster runs in."
  type        = list(string)
  default     = ["us-west-2"]

  validation {
    condition     = length(var.regions) > 0
    error_message = "A workload cluster needs at least one region."
  }
}

variable "bot_name" {
  description = "Name of the bot that is put into the new cluster, and of its join token and its role."
  type        = string
  default     = "terraform"
}

variable "aws_account" {
  description = "AWS account that the bot may join from."
  type        = string

  validation {
    condition     = can(regex("^[0-9]{12}$", var.aws_account))
    error_message = "An AWS account has 12 digits."
  }
}

variable "aws_arn" {
  description = "AWS identity that the bot may join as, the way STS reports it: an assumed role or an IAM user."
  type        = string

  validation {
    condition = can(regex(
      "^arn:aws[a-z-]*:(sts::[0-9]{12}:assumed-role/.+/.+|iam::[0-9]{12}:user/.+)$", var.aws_arn
    ))
    error_message = "The ARN is arn:aws:sts::ACCOUNT:assumed-role/ROLE/SESSION (* and ? are wildcards) or arn:aws:iam::ACCOUNT:user/NAME. The ARN of an IAM role never matches."
  }
}

variable "user" {
  description = "Name of the first user in the new cluster."
  type        = string
  default     = "example"
}
