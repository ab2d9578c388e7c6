"""What the model knows between its first layer and its last.

lens: the heads asked after every layer: when does the answer appear?
"""
