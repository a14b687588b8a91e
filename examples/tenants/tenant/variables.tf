variable "name" {
  description = "Name of the tenant, and of its cluster. It becomes part of the domain and cannot be changed later."
  type        = string
}

variable "regions" {
  description = "Regions that the cluster runs in."
  type        = list(string)
}

variable "users" {
  description = "Names of the users in the cluster."
  type        = set(string)
}

variable "logins" {
  description = "Logins of the users on the servers."
  type        = list(string)
}

variable "aws_account" {
  description = "AWS account from which the bot may join."
  type        = string
}

variable "aws_arn" {
  description = "AWS identity with which the bot may join."
  type        = string
}
