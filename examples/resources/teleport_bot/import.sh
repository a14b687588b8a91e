# The id is the name of the bot, without "bot-". The imported state has metadata and spec, not the flat attributes.
terraform import teleport_bot.deploy deploy

# For an object in a workload cluster (cluster = ...), the id is CLUSTER/NAME.
terraform import teleport_bot.deploy child.teleport.sh/deploy
