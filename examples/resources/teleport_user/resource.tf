resource "teleport_user" "alice" {
  metadata = {
    name        = "alice"
    description = "On call for the databases."
  }
  spec = {
    # With the reference, Terraform creates the role before the user, and destroys it after the user.
    roles = [teleport_role.developer.metadata.name]
    traits = {
      logins   = ["alice"]
      db_users = ["reader"]
    }
  }
}
