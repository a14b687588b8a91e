variable "name" {
  description = "Name of the tenant, and of its cluster: it becomes the domain and cannot be changed later."
  type        = string
}

variable "regions" {
  description = "Regions that the cluster runs in."
  type        = list(string)
}

variable "users" {
  description = "Names of the people in the cluster."
  type        = set(string)
}

variable "logins" {
  description = "Logins that they have on the servers."
  type        = list(string)
}

variable "aws_account" {
  description = "AWS account that the bot may join from."
  type        = string
}

variable "aws_arn" {
  description = "AWS identity that the bot may join as."
  type        = string
}
