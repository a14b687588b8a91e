list "teleport_user" "all" {
  provider         = teleport
  include_resource = true
  limit            = 500
}
