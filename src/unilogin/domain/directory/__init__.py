"""The people of the schools (SkoleGrunddata): who they are, what they are called, and where they belong.

Tables: directory_institution, directory_person, directory_username, directory_account, directory_membership,
directory_group, directory_group_member, directory_contact, directory_journal, directory_former_cpr,
directory_manual, directory_former_username.
"""
