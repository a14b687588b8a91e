variable "addr" {
  description = "Address of the parent cluster, for example parent.teleport.sh:443."
  type        = string
}

variable "identity_file_path" {
  description = "Path of an identity file for the parent, whose role may manage workload clusters."
  type        = string
}

variable "aws_account" {
  description = "AWS account from which the bots may join."
  type        = string
}

variable "aws_arn" {
  description = "AWS identity with which the bots may join, as AWS STS reports it: an assumed role or an IAM user."
  type        = string
}

variable "tenants" {
  description = "The tenants by name: regions, users, and their logins on the servers."
  type = map(object({
    regions = list(string)
    users   = set(string)
    logins  = optional(list(string), ["ubuntu"])
  }))
  default = {
    acme     = { regions = ["us-west-2"], users = ["alice", "bob"] }
    globex   = { regions = ["us-east-1"], users = ["hank"] }
    initech  = { regions = ["us-west-2"], users = ["peter", "samir"], logins = ["admin"] }
    hooli    = { regions = ["eu-central-1"], users = ["gavin"] }
    umbrella = { regions = ["ap-south-1", "us-east-1"], users = ["ada"] }
  }
}
