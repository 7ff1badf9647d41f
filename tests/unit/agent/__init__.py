"""Tests of the agent, each through a real agent process or a real part of one."""
