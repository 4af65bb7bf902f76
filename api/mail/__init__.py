"""Lists as mail tools take them: flat fields, XML, RSS, and a block of HTML."""
