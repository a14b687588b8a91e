resource "teleport_user" "alice" {
  metadata = {
    name        = "alice"
    description = "On call for the databases."
  }
  spec = {
    # The reference lets the role be made first, and the user go first.
    roles = [teleport_role.developer.metadata.name]
    traits = {
      logins   = ["alice"]
      db_users = ["reader"]
    }
  }
}
