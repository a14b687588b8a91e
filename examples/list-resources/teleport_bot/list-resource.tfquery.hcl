list "teleport_bot" "all" {
  provider = teleport
}
