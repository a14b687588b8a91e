list "teleport_role" "all" {
  provider = teleport
  config {
    cluster = "child.teleport.sh"
    labels  = { team = "engineering" }
  }
}
