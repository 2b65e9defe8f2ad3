from benchmarks.environment import Environment

EZMSG = Environment("ezmsg", ("ezmsg==3.9.0",))
PIPECAT = Environment("pipecat", ("pipecat-ai==1.14.0",))
MEDIAPIPE = Environment("mediapipe", ("mediapipe==0.10.21",))
DORA = Environment("dora", ("dora-rs==1.1.0", "dora-rs-cli==1.1.0", "pyarrow"))
