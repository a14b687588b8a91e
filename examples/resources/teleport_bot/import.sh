# The id is the name of the bot, without "bot-". The state has the bot in the form of metadata and spec.
terraform import teleport_bot.deploy deploy

# In a workload cluster that the resource names (cluster = ...), that comes before it.
terraform import teleport_bot.deploy child.teleport.sh/deploy
