import {
  to = teleport_bot.deploy
  id = "deploy"
}
