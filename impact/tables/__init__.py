"""Tables: what the database's schema ``impact`` holds, written once; DDL, protection and reference are read from it."""
