import {
  to = teleport_provision_token.deploy
  id = "deploy"
}
