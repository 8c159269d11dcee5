"""What protects the page's server from its visitors, and visitors from each other.

Every request passes these layers from the outside in; SECURITY.md says what they promise:

connections     at most so many, and none that only pretends to send a request
hosts           only names that the page was started for; headers that browsers keep to
routes          a list of what is served; everything else does not exist
rate_limits     requests, uploads and bytes on the disk for each address
login           the password, and a pause after wrong ones
body_limits     size, shape and speed of what is sent
fair_queue      whose photo is next when many wait
process         what the process asks of the system
"""
