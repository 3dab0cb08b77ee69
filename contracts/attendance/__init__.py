"""Attendance: who was there, by codes that change while a meeting lasts, or by a sheet of paper."""
